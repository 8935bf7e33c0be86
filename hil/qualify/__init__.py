"""The suite on trial: known defects are put into devices, one at a time, and the suite must find each."""
