Page({
  data: { t: {}, orders: [], thanks: "", loaded: false },
  onShow() {
    const { shop } = getApp();
    return shop.orders().then((view) => this.setData(view)).catch(shop.tell);
  },
  browse() {
    getApp().shop.showTab("products");
  },
});
