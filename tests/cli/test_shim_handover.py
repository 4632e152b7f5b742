"""bin/wf hands over: to the right Python, with everything as it was, and never without need."""
