"""
Mutants: ways for an implementation to be wrong, and harmless variants that keep the contract.

Every module below declares some; `catalogue` finds them by itself. A mutant is a function over one
request and its answer. Its name is the id, its room the group, its docstring the sentence:

    @edit("ORDER-01", ORDERS)                      # the JSON of successes at these paths
    @answer("HTTP-04", ORDERS, status=ERRORS)      # the answers at these paths with this status
    @mutant("AUTH-04", needs="a staff token")      # (request, send, people) -> response
    @stateful(("CONC-01", "PREF-04"))              # a function that makes one with a memory
    @mutant(HARMLESS)                              # breaks no rule: no law may mind it

Where several rules are named a violation of any of them is the right one. `needs` says what a
target must have before the mutant can show.
"""
