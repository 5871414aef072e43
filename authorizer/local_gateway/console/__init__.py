"""The console: why a request was decided as it was, on one page beside the API that is served. Each panel is a function
from what is kept of a decision to data for JSON; the page shows text and nothing else."""
