"""What a user can cause and mend."""


class UserError(Exception):
    """Its message is for whoever started the command: what is wrong, and what would be right."""
