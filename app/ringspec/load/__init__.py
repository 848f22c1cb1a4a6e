"""Conformance under load: certified cases, fired by Locust, judged all the while.

`ringspec.load.users` is the one module that imports Locust, which patches the whole
process for gevent; no other module imports it. A file for Locust is one line:

    from ringspec.load.users import ConformanceUser
"""
