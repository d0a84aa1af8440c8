"""Operations: the program, the engine and the command line."""
