"""How documents look: Jinja templates, read as data of this package by `action.report.markdown`.

Layout only. Sentences and numbers come from the core and the report, ready to show; every value is escaped on its way
in. No code and no filter may enter.
"""
