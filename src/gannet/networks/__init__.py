"""Networks: tensors in, tensors out; without losses and devices."""
