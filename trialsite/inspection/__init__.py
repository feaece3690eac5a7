"""What an inspector asks for: tables that leave with hashes, reviews that are on record, who may do what and did.

The tables themselves belong to the apps, which register them (`files.tables.register_table`), as they register the pages
an inspection leads to (`places.register_place`).
"""
