"""What the application tells about itself: logs."""
