"""imggen to aim load at, with its ghz configurations."""
