# One command per job; CONTRIBUTING.md says when to use which.

.DEFAULT_GOAL := help
.PHONY: help run test check fmt tools

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: ## serve everything, with defaults
	cargo run --release

test: ## everything that CI runs, installing what it needs
	@scripts/test

check: ## what takes seconds: format, lints, the library's own tests
	@scripts/test format lint library

fmt: ## put the source in shape
	cargo fmt

tools: ## only install what the tests need
	@scripts/test tools
