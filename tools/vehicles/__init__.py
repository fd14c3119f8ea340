"""Vehicles built in code and rendered under physical conditions: the source of cases/vehicles and cases/ladders."""
