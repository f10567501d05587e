"""Files that make a report on a schedule: systemd, cron, GitHub Actions and Airflow."""

from pmo_analysis.run.schedule.filling import KINDS, fill_schedule

__all__ = ["KINDS", "fill_schedule"]
