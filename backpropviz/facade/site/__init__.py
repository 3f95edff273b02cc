"""A folder of pages for any static host: an index with a search, a page for each layer, pictures and worksheets."""

from backpropviz.facade.site.making import Entry, collected, write_site

__all__ = ["Entry", "collected", "write_site"]
