"""A place to try out what a localizer hears: a talker in a room, what is changed on the way, and where it is put."""
