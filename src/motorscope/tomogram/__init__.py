"""tomogram"""
