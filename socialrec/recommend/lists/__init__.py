"""Lists: scored, kept from earlier nights, published and read back.

The rules for products in a list belong to `recommend.policy`.
"""
