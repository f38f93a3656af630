"""What the pages share: the shell, the session, the jobs and the ways to show things."""
