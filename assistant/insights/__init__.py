"""What people ask, how they are answered, and how documents are used: recorded as it happens, added up for a page."""
