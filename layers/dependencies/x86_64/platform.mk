# What x86_64 means in the name of a wheel and in an ELF header (EM_X86_64).
MACHINE := x86_64
ELF_MACHINE := 62
