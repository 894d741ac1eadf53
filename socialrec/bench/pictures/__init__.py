"""`socialrec bench pictures`: classes of clothing from photographs, and the speed of encoding."""
