"""Parts of bench/run: meters read counters, sides start servers, rows measure, table prints."""
