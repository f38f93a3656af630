"""What a tab has on its desk, what it has asked, and what is known of it."""
