Page({
  data: { t: {}, orders: [], thanks: "", loaded: false },
  onShow() {
    this.refresh();
  },
  refresh() {
    const { shop } = getApp();
    return shop.orders().then((view) => this.setData(view)).catch(shop.tell);
  },
  cancel(event) {
    const { shop } = getApp();
    return shop.cancel(event.currentTarget.dataset.id).catch(shop.tell).then(() => this.refresh());
  },
  browse() {
    getApp().shop.showTab("products");
  },
});
