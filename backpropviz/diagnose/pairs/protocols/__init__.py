"""How functions and classes want to be called: protocols are tried until one fits."""
