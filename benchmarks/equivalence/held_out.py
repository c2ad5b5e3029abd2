"""Packages that the check was not tuned on: nobody who works on it looks at what it misses of these.

Like those of `packages.py`, with edits and slips written for this study without a look at the check. Once what is
missed of them has been read, they belong into `read_later.py`.
"""

from __future__ import annotations

from packages import Edit, Package, Slip

CACHETOOLS = Package(
    "cachetools",
    "8.0.2",
    "cachetools-8.0.2",
    "30ac523adfc118b51d2b2e7bad8a0ddb31370dfe2700c7f10ca224f36ccf81e0",
    ("tests",),
    ("cachetools_tiles.py",),
    (
        Edit(
            "keys",
            "cachetools-keys.md",
            slips=(
                Slip("keywords as given", "_HashedTuple, *sorted(kwargs.items()))", "_HashedTuple, *kwargs.items())"),
                Slip("no mark", "return (*args, _HashedTuple, *sorted(", "return (*args, *sorted("),
                Slip("no mark of one keyword", "return (*args, _HashedTuple, *kwargs", "return (*args, *kwargs"),
                Slip(
                    "sorted by value", "*sorted(kwargs.items()))", "*sorted(kwargs.items(), key=lambda item: item[1]))"
                ),
                Slip("types of keywords forgotten", "*items, *types, *map", "*items, *map"),
                Slip(
                    "a single argument is its own key",
                    "    if not kwargs:\n        return (*args, *map(type, args))\n",
                    "    if not kwargs:\n"
                    "        if len(args) == 1 and type(args[0]) in (int, str):\n"
                    "            return args[0]\n"
                    "        return (*args, *map(type, args))\n",
                ),
                Slip("types of the names", "[type(v) for _, v in items]", "[type(v) for v, _ in items]"),
                Slip("types unique", "return (*args, *map(type, args))", "return (*args, *{type(v) for v in args})"),
                Slip(
                    "a list",
                    "    if len(kwargs) == 1:\n        return (*args, _HashedTuple, *kwargs.items())\n",
                    "    if len(kwargs) == 1:\n        return [*args, _HashedTuple, *kwargs.items()]\n",
                ),
            ),
        ),
        Edit(
            "sized_setitem",
            "cachetools-sized_setitem.md",
            slips=(
                Slip(
                    "the replaced one may go unseen",
                    "                if oldsize is not None and key not in size:\n"
                    "                    oldsize = None\n"
                    "                    diffsize = itemsize\n",
                    "",
                ),
                Slip(
                    "room for one more",
                    "            while self.__currsize + diffsize > maxsize:\n",
                    "            while self.__currsize + diffsize >= maxsize:\n",
                ),
                Slip(
                    "one goes at most",
                    "            while self.__currsize + diffsize > maxsize:\n",
                    "            if self.__currsize + diffsize > maxsize:\n",
                ),
                Slip(
                    "the whole size counts",
                    "            diffsize = itemsize if oldsize is None else itemsize - oldsize\n",
                    "            diffsize = itemsize\n",
                ),
                Slip(
                    "size asked again",
                    "            oldsize = size.get(key)\n",
                    "            oldsize = self.getsizeof(data[key]) if key in data else None\n",
                ),
                Slip(
                    "old size kept",
                    "            size[key] = itemsize\n",
                    "            size.setdefault(key, itemsize)\n",
                ),
                Slip(
                    "the replaced one goes first",
                    "            diffsize = itemsize if oldsize is None else itemsize - oldsize\n",
                    "            diffsize = itemsize\n"
                    "            if oldsize is not None:\n"
                    "                del self[key]\n"
                    "                oldsize = None\n",
                ),
                Slip(
                    "negative sizes pass",
                    "            if itemsize < 0:\n"
                    '                raise ValueError("value size must be non-negative")\n',
                    "",
                ),
                Slip(
                    "an empty cache is asked no more",
                    "            while self.__currsize + diffsize > maxsize:\n",
                    "            while data and self.__currsize + diffsize > maxsize + 1:\n",
                ),
            ),
        ),
        Edit(
            "ttl_expire",
            "cachetools-ttl_expire.md",
            slips=(
                Slip(
                    "backward link lost",
                    "        root.next = curr\n        curr.prev = root\n",
                    "        root.next = curr\n",
                ),
                Slip(
                    "forward link lost",
                    "        root.next = curr\n        curr.prev = root\n",
                    "        curr.prev = root\n",
                ),
                Slip(
                    "one moment too long",
                    "        while curr is not root and not (time < curr.expires):\n            key = curr.key\n",
                    "        while curr is not root and time > curr.expires:\n            key = curr.key\n",
                ),
                Slip(
                    "one moment too long in the short cut",
                    "        if curr is root or time < curr.expires:\n",
                    "        if curr is root or time <= curr.expires:\n",
                ),
                Slip(
                    "newest first",
                    "            expired.append((key, cache",
                    "            expired.insert(0, (key, cache",
                ),
                Slip("keys only", "expired.append((key, cache_getitem(self, key)))", "expired.append(key)"),
                Slip(
                    "nothing for an empty list",
                    "            return []  # fast path: nothing has expired\n        links = self.__links\n",
                    "            return None  # fast path: nothing has expired\n        links = self.__links\n",
                ),
                Slip(
                    "the link kept",
                    "            cache_delitem(self, key)\n            del links[key]\n            curr = curr.next\n",
                    "            cache_delitem(self, key)\n            curr = curr.next\n",
                ),
                Slip(
                    "the class's own deletion",
                    "            cache_delitem(self, key)\n            del links[key]\n            curr = curr.next\n",
                    "            curr = curr.next\n            del self[key]\n",
                ),
                Slip(
                    "a generator",
                    "        root.next = curr\n        curr.prev = root\n        return expired\n",
                    "        root.next = curr\n        curr.prev = root\n        return iter(expired)\n",
                ),
            ),
        ),
        Edit(
            "lfu_touch",
            "cachetools-lfu_touch.md",
            slips=(
                Slip("also where others share the link", "        alone = len(keys) == 1\n", "        alone = True\n"),
                Slip(
                    "the counted link stays",
                    "        if alone:\n            link.unlink()\n        else:\n            del keys[key]\n",
                    "        if not alone:\n            del keys[key]\n",
                ),
                Slip(
                    "no use by setting",
                    "            self.__touch(key, link)\n            return\n",
                    "            return\n",
                ),
                Slip(
                    "new ones before old ones",
                    "        curr.keys[key] = None\n        self.__links[key] = curr\n",
                    "        curr.keys[key] = None\n"
                    "        curr.keys.move_to_end(key, last=False)\n"
                    "        self.__links[key] = curr\n",
                ),
                Slip(
                    "link of the key not moved",
                    "        curr.keys[key] = None\n        self.__links[key] = curr\n",
                    "        curr.keys[key] = None\n",
                ),
                Slip(
                    "one count behind",
                    "            curr = LFUCache._Link(count)\n",
                    "            curr = LFUCache._Link(link.count)\n",
                ),
                Slip(
                    "linked forward only",
                    "            link.next = curr.next.prev = curr\n            curr.prev = link\n        if alone",
                    "            link.next = curr\n            curr.prev = link\n        if alone",
                ),
                Slip(
                    "missing ones fail",
                    "        if link is not None:  # __missing__ may not store the item\n"
                    "            self.__touch(key, link)\n",
                    "        self.__touch(key, link)\n",
                ),
                Slip(
                    "link looked up first",
                    "        value = cache_getitem(self, key)\n        link = self.__links.get(key)\n",
                    "        link = self.__links.get(key)\n        value = cache_getitem(self, key)\n",
                ),
            ),
        ),
    ),
    ("src",),
)

TINYCSS2 = Package(
    "tinycss2",
    "1.5.1",
    "tinycss2-1.5.1",
    "d339d2b616ba90ccce58da8495a78f46e55d4d25f9fd71dfd526f07e7d53f957",
    # Without the 16,000 of colours, which are one table; they take forty seconds.
    ("tests", "-k", "not color"),
    ("tinycss2_themes.py",),
    (
        Edit(
            "serialize_identifier",
            "tinycss2-serialize_identifier.md",
            slips=(
                Slip("too wide a range", "-?[A-Za-z_", "-?[A-z_"),
                Slip(
                    "too wide a range in names",
                    "_re_name = re.compile(r'[A-Za-z0-9_",
                    "_re_name = re.compile(r'[A-z0-9_",
                ),
                Slip(
                    "beginning only",
                    "    if _re_name.fullmatch(value):\n",
                    "    if value and _re_name.match(value).end():\n",
                ),
                Slip("digits first", "-?[A-Za-z_", "-?[A-Za-z0-9_"),
                Slip(
                    "nothing but a hyphen",
                    "FFFF][A-Za-z0-9_\\x80-\\U0010FFFF-]*')\n_re_name",
                    "FFFF]?[A-Za-z0-9_\\x80-\\U0010FFFF-]*')\n_re_name",
                ),
                Slip(
                    "a new line at the end",
                    "    if _re_identifier.fullmatch(value):\n",
                    "    if re.match(_re_identifier.pattern + '$', value):\n",
                ),
                Slip(
                    "lower case",
                    "    if _re_identifier.fullmatch(value):\n        return value\n",
                    "    if _re_identifier.fullmatch(value):\n        return value.lower()\n",
                ),
                Slip("hyphens first", "    if value == '-':\n        return r'\\-'\n\n", ""),
            ),
        ),
        Edit(
            "serialize_url",
            "tinycss2-serialize_url.md",
            slips=(
                Slip(
                    "backslashes last",
                    "    return value.translate(_url_escapes)\n",
                    "    for char in reversed(_url_escapes):\n"
                    "        value = value.replace(chr(char), _url_escapes[char])\n"
                    "    return value\n",
                ),
                Slip("brackets pass", "    '(': r'\\(',\n    ')': r'\\)',\n", ""),
                Slip("tabs pass", "    '\\t': r'\\9 ',\n", ""),
                Slip(
                    "no space after a number",
                    "r'\\A ',\n    '\\r': r'\\D ',\n    '\\f': r'\\C ',\n    '('",
                    "r'\\A',\n    '\\r': r'\\D',\n    '\\f': r'\\C',\n    '('",
                ),
                Slip("quotes as in strings", '    "\'": r"\\\'",\n', ""),
                Slip("short cut by the first character", "    if value.isalnum():\n", "    if value[:1].isalnum():\n"),
                Slip("printable is plain", "    if value.isalnum():\n", "    if value.isprintable():\n"),
                Slip(
                    "white space dropped",
                    "    if value.isalnum():\n        return value\n",
                    "    if not value.strip():\n        return ''\n",
                ),
                Slip("form feeds forgotten", "    '\\f': r'\\C ',\n    '(': ", "    '(': "),
            ),
        ),
        Edit(
            "consume_ident",
            "tinycss2-consume_ident.md",
            slips=(
                Slip(
                    "one escape only",
                    "    while css.startswith('\\\\', pos) and not",
                    "    if css.startswith('\\\\', pos) and not",
                ),
                Slip(
                    "escaped new lines",
                    " and not css.startswith('\\\\\\n', pos):\n"
                    "        # Valid escape\n"
                    "        chunks.append(css[start_pos:pos])\n"
                    "        c, pos = _consume_escape(css, pos + 1)\n"
                    "        chunks.append(c)\n"
                    "        start_pos = pos\n"
                    "        pos =",
                    ":\n"
                    "        # Valid escape\n"
                    "        chunks.append(css[start_pos:pos])\n"
                    "        c, pos = _consume_escape(css, pos + 1)\n"
                    "        chunks.append(c)\n"
                    "        start_pos = pos\n"
                    "        pos =",
                ),
                Slip(
                    "rest lost",
                    "        start_pos = pos\n"
                    "        pos = _NAME_RE.match(css, pos).end()\n"
                    "    chunks.append(css[start_pos:pos])\n",
                    "        start_pos = pos\n        pos = _NAME_RE.match(css, pos).end()\n",
                ),
                Slip(
                    "text before the escape lost",
                    "        chunks.append(css[start_pos:pos])\n"
                    "        c, pos = _consume_escape(css, pos + 1)\n"
                    "        chunks.append(c)\n"
                    "        start_pos = pos\n"
                    "        pos =",
                    "        c, pos = _consume_escape(css, pos + 1)\n"
                    "        chunks.append(c)\n"
                    "        start_pos = pos\n"
                    "        pos =",
                ),
                Slip(
                    "words only",
                    "_NAME_RE = re.compile(r'[A-Za-z0-9_\\x80-\\U0010FFFF-]*')",
                    "_NAME_RE = re.compile(r'[\\w-]*')",
                ),
                Slip(
                    "ASCII only",
                    "_NAME_RE = re.compile(r'[A-Za-z0-9_\\x80-\\U0010FFFF-]*')",
                    "_NAME_RE = re.compile(r'[A-Za-z0-9_-]*')",
                ),
                Slip("too wide a range", "_NAME_RE = re.compile(r'[A-Za-z0-9_", "_NAME_RE = re.compile(r'[A-z0-9_"),
                Slip("no digits", "_NAME_RE = re.compile(r'[A-Za-z0-9_", "_NAME_RE = re.compile(r'[A-Za-z_"),
                Slip(
                    "start not moved",
                    "        chunks.append(c)\n        start_pos = pos\n        pos =",
                    "        chunks.append(c)\n        pos =",
                ),
            ),
        ),
        Edit(
            "quoted_string",
            "tinycss2-quoted_string.md",
            slips=(
                Slip(
                    "new lines pass",
                    "css.find('\\\\', pos, end) == -1 and\n            css.find('\\n', pos, end) == -1):",
                    "css.find('\\\\', pos, end) == -1):",
                ),
                Slip(
                    "escapes pass",
                    "    if (end != -1 and css.find('\\\\', pos, end) == -1 and\n",
                    "    if (end != -1 and\n",
                ),
                Slip(
                    "the quote is read again",
                    "        return css[pos:end], end + 1, error\n",
                    "        return css[pos:end], end, error\n",
                ),
                Slip("open strings lose a character", "    if (end != -1 and css", "    if (css"),
                Slip("double quotes", "    end = css.find(quote, pos)\n", "    end = css.find('\"', pos)\n"),
                Slip(
                    "runs over new lines",
                    '    "\'": re.compile(r"[^\'\\\\\\n]+"),\n',
                    '    "\'": re.compile(r"[^\'\\\\]+"),\n',
                ),
                Slip(
                    "both quotes end a run",
                    "    '\"': re.compile(r'[^\"\\\\\\n]+'),\n",
                    "    '\"': re.compile(r'[^\"\\'\\\\\\n]*'),\n",
                ),
                Slip(
                    "escapes in the whole sheet",
                    "css.find('\\\\', pos, end) == -1 and\n",
                    "css.find('\\\\', end) == -1 and\n",
                ),
                Slip(
                    "error of an open string",
                    "        return css[pos:end], end + 1, error\n",
                    "        return css[pos:end], end + 1, ()\n",
                ),
            ),
        ),
    ),
    needs=("webencodings",),
)

PACKAGES = (CACHETOOLS, TINYCSS2)
