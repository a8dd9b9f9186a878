"""TechEmpower's database pages as a Spica application: one file, models, a template."""
