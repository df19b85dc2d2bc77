"""What the product does: every rule and every query."""
