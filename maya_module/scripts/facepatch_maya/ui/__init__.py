"""The Qt tool. `main_window.show()` opens it; panels talk to the session alone."""
