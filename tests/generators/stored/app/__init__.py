"""What Blog does: controllers, models and views."""
