"""Networks: tensors in, tensors out; no losses, no devices."""
