"""Knowledge gaps: what people asked and the documents do not say, and how it is found out that they do by now."""
