"""The marketplace: projects, money, agreements and the three doors to them."""
