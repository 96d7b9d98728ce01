"""The domain: values and rules, without SQL, protos or libraries."""
