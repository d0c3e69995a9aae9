"""The exchange's documentation as data: read, brought up to date, and held against ours."""
