"""API Gateway's side: an event of any of the five shapes → `Request`, and the answer in the form that shape expects."""
