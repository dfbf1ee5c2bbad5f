"""The quantitative core of Pilotage: maturity, scores, prices, shared terms and simulation; knows no web, no database."""
