"""What operators see of a running system: a dashboard, alerts, and what loads them."""
