"""What ``hil steps`` lists: the steps and the parameter types, as text, Markdown or JSON."""
