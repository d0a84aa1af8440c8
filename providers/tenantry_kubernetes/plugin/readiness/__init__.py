"""When an object has done what it was made for: pure judgements of objects as an API server returns them."""
