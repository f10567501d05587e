"""Tables in, tables out: segments, value, cost, targets, sizes and seniority."""
