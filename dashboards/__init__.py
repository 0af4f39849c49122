"""What managers and analysts look at: Streamlit pages over gold tables. Pages draw; `dashboards.data` asks."""
