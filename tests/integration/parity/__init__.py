"""The gateway and `imggen.testing.FakeService`, asked the same and compared field by field."""
