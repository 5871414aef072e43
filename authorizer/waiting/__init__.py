"""Time in one request: its deadline, who fetches for whom, what is left alone after a failure, the loop that it has."""
