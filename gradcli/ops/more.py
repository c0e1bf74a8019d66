"""The second tier: rows and functions that are imported when a name is not found in the first.

Start-up pays for every file that is read. What most programs use is imported by `rows` and
`functions`; everything else comes in here, all at once, when `binding.find` or the op table is
asked for a name that neither has. Names mean the same before and after: what the first tier knows
keeps its meaning.
"""

from gradcli.ops import binding

# Before any function is: a bare name is its row's where there is one.
binding.register_rows()
