"""Simulation of an agreement before it is signed: drivers, draws, the sharing engine over arrays, measures."""
