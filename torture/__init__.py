"""What the product must survive: hostile files, kills, damage, a full disk. `python -m torture` runs all of it."""
