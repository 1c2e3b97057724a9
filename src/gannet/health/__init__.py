"""What a healthy training looks like, as rules about recorded figures; one file a rule, in ``rules``."""
