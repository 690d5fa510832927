# Unit tests, before a host that makes nothing. It comes as source, in C.
test: all
	$(CC) -Wall -Wextra $(shell pkg-config --cflags netrig-mock) {{TEST}} \
	  $(shell pkg-config --variable=sources netrig-mock) -o build/test
	build/test build/{{NAME}}.so
.PHONY: test
