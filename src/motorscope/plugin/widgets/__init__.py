"""plugin/widgets"""
