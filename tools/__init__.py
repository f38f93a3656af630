"""What people who work on the project use: the app as a subprocess, its browser, its moving picture."""
